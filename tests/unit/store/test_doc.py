"""docs/store.md says what is so: its queries run, its tables are those of the file."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.domain.alerts import Matcher, MemoryChange, Silence
from monitor.domain.keeping import Commit, Escalation, Handle
from monitor.domain.memory import AccountFacts
from tests.unit.store.desk import MAIN, SINCE, kept, page

TEXT = (Path(__file__).parents[3] / "docs" / "store.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
SILENCE = Silence(
    id="s1",
    matchers=(Matcher(name="symbol", value="BTCUSDT"),),
    starts=SINCE,
    ends=SINCE + 60.0,
    author="x",
    comment="y",
)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(page())
        await store.commit(
            Commit(
                memory=MemoryChange(silences=(SILENCE,)),
                facts=(AccountFacts(account=MAIN, at=SINCE, mode=None, positions=(), permissions=None),),
                handles=(Handle(channel="slack", thread="i", handle="1"),),
                escalations=(Escalation(incident="i", route="r", step=0, due=SINCE),),
            )
        )
    return tmp_path / "db"


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split("\n")[0].removeprefix("-- "))
def test_its_queries_run(path: Path, query: str) -> None:
    with closing(sqlite3.connect(path)) as reader:
        for statement in filter(str.strip, query.split(";")):
            reader.execute(statement).fetchall()


def test_what_is_asked_of_silences_is_readable(path: Path) -> None:
    [query] = [query for query in QUERIES if "FROM silences" in query]
    with closing(sqlite3.connect(path)) as reader:
        assert "BTCUSDT" in reader.execute(query).fetchone()[-1]


def test_it_names_every_table_and_every_column(path: Path) -> None:
    section = TEXT[TEXT.index("## Tables") :]
    with closing(sqlite3.connect(path)) as reader:
        tables = [name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            assert f"`{table}`" in section
            for _, column, *_ in reader.execute(f"PRAGMA table_info({table})"):
                assert f"`{column}`" in section or table == "schema_version", f"{table}.{column}"
