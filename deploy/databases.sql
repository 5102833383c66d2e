-- Beside the database `warehouse`: Dagster's runs and events.
CREATE DATABASE dagster;
