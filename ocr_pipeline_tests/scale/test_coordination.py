"""What machines agree on through PostgreSQL; each process here stands for a machine."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import Timeout

from ocr_pipeline.coordination.budgets import SharedLedger
from ocr_pipeline.coordination.claims import claimed
from ocr_pipeline.coordination.locks import PostgresLocks, _opened, locks_of
from ocr_pipeline.coordination.rates import SharedRates
from ocr_pipeline.errors import BudgetError, WarehouseError
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.budget import Budget
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.postgres import Postgres as Opening
from ocr_pipeline_tests.models.asking import provider, request
from ocr_pipeline_tests.models.conftest import standin
from ocr_pipeline_tests.scale.servers import Postgres, until
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.warehouse.test_warehouse import page

__all__ = ["standin"]


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.url(postgres.create())


@pytest.fixture
def machines(url: str) -> tuple[PostgresLocks, PostgresLocks]:
    """Two sessions, as of two machines."""
    return PostgresLocks(url), PostgresLocks(url)


def holder(url: str, *names: str) -> "subprocess.Popen[str]":
    """A process that holds locks until it is killed."""
    code = (
        "import sys, time\nfrom ocr_pipeline.coordination.locks import locks_of\n"
        "locks = locks_of(sys.argv[1])\nfor name in sys.argv[2:]: locks.take(name)\nprint('held', flush=True)\ntime.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, url, *names], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_keeps_out_other_sessions_and_threads(machines: tuple[PostgresLocks, PostgresLocks]) -> None:
    here, there = machines
    with here.held("a"):
        assert not there.try_take("a")
        assert not here.try_take("a"), "another thread"
        assert there.try_take("b")
        with pytest.raises(Timeout):
            there.take("a", timeout=0.1)
        assert f"process {__import__('os').getpid()}" in (there.holder("a") or "")
    assert there.holder("a") is None
    assert there.try_take("a")
    there.drop("a")
    there.drop("b")


def test_projects_in_two_schemas_have_locks_of_their_own(
    url: str, machines: tuple[PostgresLocks, PostgresLocks]
) -> None:
    here, there = machines
    here.session.rows("CREATE SCHEMA other")
    other = PostgresLocks(f"{url}&options=-csearch_path%3Dother")
    with here.held("a"), other.held("a", 10):
        assert other.holder("a")
        assert not there.try_take("a")
    assert other.holder("a") is None


def test_the_locks_of_a_killed_process_are_free(url: str) -> None:
    process, locks = holder(url, "x", "y"), locks_of(url)
    assert not locks.try_take("x")
    process.kill()
    process.wait()
    locks.take("x", timeout=20)
    locks.take("y", timeout=20)
    locks.drop("x")
    locks.drop("y")


def test_locks_are_taken_again_after_a_lost_connection(machines: tuple[PostgresLocks, PostgresLocks]) -> None:
    here, there = machines
    here.take("kept")
    [(pid,)] = here.session.rows("SELECT pg_backend_pid()")
    there.session.rows("SELECT pg_terminate_backend(%s)", [pid])
    here.session.rows("SELECT 1")
    assert not there.try_take("kept")
    here.drop("kept")


def lose_connection(locks: PostgresLocks, other: PostgresLocks) -> None:
    [(pid,)] = locks.session.rows("SELECT pg_backend_pid()")
    other.session.rows("SELECT pg_terminate_backend(%s)", [pid])


def test_a_run_whose_claim_another_one_took_over_stops(
    url: str, machines: tuple[PostgresLocks, PostgresLocks], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no step and writes nothing, and the next run of its process is not concerned."""
    here, there = machines
    monkeypatch.setitem(_opened, (os.getpid(), url), here)
    warehouse = Warehouse(Opening(url))
    warehouse.replace_all({"pages": [page("before")]})
    with claimed(here, ["a"], ["d1"], lambda *_: None, 600):
        lose_connection(here, there)
        with claimed(there, ["b"], ["d2"], lambda *_: None, 600):
            here.session.rows("SELECT 1")
            for work in (
                lambda: here.try_take("step:shared"),
                lambda: warehouse.replace_all({"pages": [page("after")]}),
            ):
                with pytest.raises(WarehouseError, match="another run took over"):
                    work()
    assert [row["document_id"] for row in warehouse.rows("FROM pages")] == ["before"]
    with claimed(here, ["a"], ["d1"], lambda *_: None, 600):
        warehouse.replace_all({"pages": [page("after")]})
    assert here.session.rows("SELECT * FROM coordination_claims") == []


def test_a_claim_that_nobody_took_over_is_kept(machines: tuple[PostgresLocks, PostgresLocks]) -> None:
    here, there = machines
    with claimed(here, ["a"], ["d1"], lambda *_: None, 600), here.held("step:shared"):
        lose_connection(here, there)
        here.session.rows("SELECT 1")
        here.check()
        assert not there.try_take("step:shared")


def test_a_transaction_that_is_cut_off_changes_nothing(machines: tuple[PostgresLocks, PostgresLocks]) -> None:
    """Its second half is not done on the new connection."""
    here, there = machines
    here.take("any")  # a session that is kept alive
    ledger = SharedLedger(here, "cut", from_now=False)

    def cut_off() -> None:
        with ledger.locked():
            ledger.reserve(-0.5)
            lose_connection(here, there)
            ledger.add(0.5)

    with pytest.raises(WarehouseError, match="was lost; nothing of this step was changed"):
        cut_off()
    assert there.session.rows("SELECT spent FROM coordination_budgets WHERE budget = 'cut'") == [(0.0,)]
    with ledger.locked():
        assert ledger.usd == 0
    ledger.close()
    here.drop("any")


def test_a_user_without_rights_is_one_sentence(url: str, machines: tuple[PostgresLocks, PostgresLocks]) -> None:
    machines[0].session.rows("CREATE ROLE guest LOGIN")
    with pytest.raises(WarehouseError, match="may not create tables; grant it all rights on the schema"):
        PostgresLocks(url.replace("//ocr@", "//guest@")).try_take("a")


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"^postgresql:///d cannot be reached") as error:
        PostgresLocks(f"postgresql://u:SECRET@/d?host={tmp_path}").try_take("a")
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize(
    ("mine", "other", "meet"),
    [
        ((["a"], None), (["b"], None), False),
        ((["a"], None), (["a", "b"], None), True),
        ((["a"], ["d1"]), (["a"], ["d2"]), False),
        ((["a"], ["d1", "d2"]), (["a"], ["d2"]), True),
        ((None, None), (["a"], ["d1"]), True),
        (([], None), (["a"], None), False),
    ],
)
def test_runs_wait_for_those_who_want_the_same_cells(
    machines: tuple[PostgresLocks, PostgresLocks],
    mine: tuple[list[str] | None, list[str] | None],
    other: tuple[list[str] | None, list[str] | None],
    meet: bool,
) -> None:
    here, there = machines
    said: list[str | None] = []
    entered = threading.Event()

    def second() -> None:
        with claimed(there, *other, lambda who, _: said.append(who), 600):
            entered.set()

    thread = threading.Thread(target=second)
    with claimed(here, *mine, lambda *_: None, 600):
        thread.start()
        assert until(lambda: bool(said) or entered.is_set())
        assert (bool(said), entered.is_set()) == (meet, not meet)
    assert entered.wait(30)
    thread.join()
    assert here.session.rows("SELECT * FROM coordination_claims") == []


def test_the_claim_of_a_killed_run_is_void(url: str, machines: tuple[PostgresLocks, PostgresLocks]) -> None:
    process = holder(url, "claim:killed")
    machines[0].session.rows("INSERT INTO coordination_claims VALUES ('claim:killed', NULL, NULL)")
    said: list[str | None] = []
    threading.Timer(1.0, process.kill).start()
    with claimed(machines[1], ["a"], None, lambda who, _: said.append(who), 600):
        assert len(said) == 1
        assert "process" in str(said[0])
    process.wait()


class TestBudget:
    def test_runs_at_the_same_time_share_it(
        self, machines: tuple[PostgresLocks, PostgresLocks], standin: StandIn
    ) -> None:
        """The limit of a run counts what others spend and reserve while it works, and nothing from before."""
        asked = provider(standin, prices={"gemini-3.5-flash-lite": {"input": 1000.0, "output": 0}})
        here, there = (SharedLedger(locks, "shared", from_now=True) for locks in machines)
        first, second = Budget(1.0, here), Budget(1.0, there)
        first.count(0.4)
        with first.reserve(asked, [request("x" * 600)], batch=False) as expected:
            assert 0.1 < expected < 0.6
            second.count(1.0 - 0.4 - expected / 2)
            with pytest.raises(BudgetError), second.reserve(asked, [request("x" * 600)], batch=False):
                pass
        machines[0].session.rows("INSERT INTO coordination_reservations VALUES ('shared', 'budget:killed before', 9)")
        later = Budget(1.0, SharedLedger(machines[0], "shared", from_now=True))
        with later.reserve(asked, [request("x" * 600)], batch=False):
            pass
        here.close()
        there.close()

    def test_a_run_keeps_the_limits_of_those_that_began_before(
        self, machines: tuple[PostgresLocks, PostgresLocks], standin: StandIn
    ) -> None:
        """What it spends counts for them, as long as they live."""
        asked = provider(standin, prices={"gemini-3.5-flash-lite": {"input": 1000.0, "output": 0}})
        here, there = machines
        first = SharedLedger(here, "in turn", from_now=True, limit=1.0)
        Budget(1.0, first).count(0.9)
        second = SharedLedger(there, "in turn", from_now=True, limit=5.0)
        budget, unlimited = Budget(5.0, second), Budget(None, SharedLedger(there, "in turn", from_now=True))
        refused = pytest.raises(BudgetError, match=r"limit of 1 USD of another run reached.* 0\.9000")
        with refused, budget.reserve(asked, [request("x" * 600)], batch=False):
            pass
        with unlimited.reserve(asked, [request("x" * 600)], batch=False):
            pass
        first.close()
        with budget.reserve(asked, [request("x" * 600)], batch=False):
            pass
        second.close()
        there.session.rows("INSERT INTO coordination_limits VALUES ('in turn', 'budget:killed', 0, 0.1)")
        third = SharedLedger(here, "in turn", from_now=True, limit=5.0)
        with third.locked():
            assert third.beside == []
        assert here.session.rows("SELECT owner FROM coordination_limits WHERE owner = 'budget:killed'") == []
        third.close()

    def test_what_a_killed_run_had_reserved_counts_as_spent(
        self, url: str, machines: tuple[PostgresLocks, PostgresLocks]
    ) -> None:
        process = holder(url, "budget:killed")
        ledger = SharedLedger(machines[0], "backfill", from_now=False)
        ledger.add(0.25)
        ledger._session.rows("INSERT INTO coordination_reservations VALUES ('backfill', 'budget:killed', 0.5)")
        assert ledger.usd == 0.75
        process.kill()
        process.wait()
        assert until(lambda: machines[0].holder("budget:killed") is None)
        assert ledger.usd == 0.75
        assert ledger._session.rows("SELECT * FROM coordination_reservations WHERE budget = 'backfill'") == []
        ledger.close()


class TestRates:
    def test_requests_of_both_machines_come_from_one_bucket(
        self, machines: tuple[PostgresLocks, PostgresLocks]
    ) -> None:
        here, there = (SharedRates(locks, "rate", 4) for locks in machines)
        waits = [rates.take("requests", 1, 60) for rates in (here, there, here, there)]
        assert waits[0] == 0
        assert [round(wait) for wait in waits] == [0, 1, 2, 3]
        assert there.take("tokens", 1, 60) == 0

    def test_slots(self, machines: tuple[PostgresLocks, PostgresLocks]) -> None:
        at_once, most, lock = 0, 0, threading.Lock()

        def work(rates: SharedRates) -> None:
            nonlocal at_once, most
            with rates.slot(lambda: False):
                with lock:
                    at_once += 1
                    most = max(most, at_once)
                time.sleep(0.05)
                with lock:
                    at_once -= 1

        threads = [threading.Thread(target=work, args=(SharedRates(locks, "slots", 2),)) for locks in machines * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most == 2

    def test_a_pause_holds_for_all(self, machines: tuple[PostgresLocks, PostgresLocks]) -> None:
        here, there = (SharedRates(locks, "pause", 2) for locks in machines)
        assert there.held() == 0
        here.hold(30)
        here.hold(5)
        assert 20 < there.held() <= 30


def test_a_call_is_paid_once(url: str, tmp_path: Path, standin: StandIn) -> None:
    """Two machines with one store ask the same at once: the second one finds the reply under the lock."""
    locks = [PostgresLocks(url), PostgresLocks(url)]
    calls = [ModelCalls(ResultStore(tmp_path, each), locks=each) for each in locks]
    asked = provider(standin)
    replies: list[str] = []
    threads = [
        threading.Thread(target=lambda each=each: replies.append(each.ask(asked, request()).raw)) for each in calls * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 6
    assert len(set(replies)) == 1
    assert len(standin.seen) == 1
