-- p is corrected within the question that was asked: p_holm over all pairs on one field (before: over all pairs and all
-- fields), p_fields over the fields of one pair.

ALTER TABLE comparisons ADD COLUMN p_fields DOUBLE;

CREATE TEMP TABLE corrected AS
WITH ranked AS (
    SELECT dataset, rules, field, backend_a, backend_b, p,
        count(*) OVER pairs - row_number() OVER (pairs ORDER BY p, backend_a, backend_b) + 1 AS times_pairs,
        count(*) OVER fields - row_number() OVER (fields ORDER BY p, field) + 1 AS times_fields
    FROM comparisons
    WINDOW pairs AS (PARTITION BY dataset, rules, field),
        fields AS (PARTITION BY dataset, rules, backend_a, backend_b, field = 'all_fields')
)
SELECT dataset, rules, field, backend_a, backend_b,
    max(least(1, times_pairs * p)) OVER (PARTITION BY dataset, rules, field ORDER BY p, backend_a, backend_b) AS p_holm,
    max(least(1, times_fields * p)) OVER (
        PARTITION BY dataset, rules, backend_a, backend_b, field = 'all_fields' ORDER BY p, field
    ) AS p_fields
FROM ranked;

UPDATE comparisons SET p_holm = corrected.p_holm, p_fields = corrected.p_fields
FROM corrected
WHERE comparisons.dataset = corrected.dataset AND comparisons.rules = corrected.rules
    AND comparisons.field = corrected.field AND comparisons.backend_a = corrected.backend_a
    AND comparisons.backend_b = corrected.backend_b;

DROP TABLE corrected;
