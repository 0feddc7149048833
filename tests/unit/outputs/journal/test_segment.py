"""A file of the journal: what is whole is read, what is cut or changed is named, and nothing else is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.domain.errors import InputMissing
from monitor.domain.events import Elapsed, Tick
from monitor.domain.view import Surroundings
from monitor.outputs.journal import segment
from monitor.outputs.journal.reader import files, head_of, read, read_file, segments, time_of
from monitor.outputs.journal.records import Answer, Baseline, End, Frame, Lost, Outcome, Record, Run, Step, encode
from monitor.outputs.journal.segment import Damage, Packer, file_header
from monitor.outputs.journal.window import Segment

RUN = Run(
    run="20261122T031000Z-abcdef",
    segment=1,
    began=100.0,
    started=100.0,
    instance="main",
    version="1",
    build="b",
    python="3",
    numpy="2",
    cpu=("x",),
    config="",
    accounts=(),
)
STEPS = [Step(number=number, now=100.0 + number, events=(Elapsed(100.0 + number),), around=None) for number in range(6)]


def blocks_of(*groups: Sequence[Record], group_bytes: int = 1) -> bytes:
    """A file: each list of records is a block, and with the default each block is a group of its own."""
    packer = Packer(group_bytes)
    return file_header() + b"".join(packer.pack(b"".join(map(encode, group))) for group in groups)


def written(folder: Path, data: bytes, name: str = "a.mwj") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def whole_and_damaged(file: Path) -> tuple[list[Record], list[Damage]]:
    found = list(read_file(file))
    return [row for row in found if not isinstance(row, Damage)], [row for row in found if isinstance(row, Damage)]


def test_records_come_back_in_order_from_blocks_and_groups_of_any_size(tmp_path: Path) -> None:
    for group_bytes in (1, 100, 1 << 20):
        data = blocks_of([RUN, STEPS[0]], STEPS[1:3], STEPS[3:4], STEPS[4:], group_bytes=group_bytes)
        assert whole_and_damaged(written(tmp_path, data)) == ([RUN, *STEPS], [])


@pytest.mark.parametrize("group_bytes", [1, 120, 1 << 20])
def test_a_cut_at_any_byte_costs_the_block_that_it_cuts_and_nothing_before(tmp_path: Path, group_bytes: int) -> None:
    parts: list[Sequence[Record]] = [[RUN, STEPS[0]], STEPS[1:3], STEPS[3:]]
    ends = [len(blocks_of(*parts[:count], group_bytes=group_bytes)) for count in range(len(parts) + 1)]
    data = blocks_of(*parts, group_bytes=group_bytes)
    for cut in range(len(data)):
        records, damages = whole_and_damaged(written(tmp_path, data[:cut]))
        left = sum(end <= cut for end in ends[1:])
        assert records == [record for part in parts[:left] for record in part], cut
        assert all(damage.torn for damage in damages), damages
        assert len(damages) == (cut not in ends), cut


@pytest.mark.parametrize("group_bytes", [1, 1 << 20])
def test_a_changed_bit_anywhere_is_noticed_and_no_record_is_made_of_it(tmp_path: Path, group_bytes: int) -> None:
    data = blocks_of([RUN], STEPS[:3], STEPS[3:], group_bytes=group_bytes)
    written_records = [RUN, *STEPS]
    for place in range(len(data)):
        for bit in (0, 3, 7):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            records, damages = whole_and_damaged(written(tmp_path, bytes(changed)))
            assert damages, (place, bit)
            assert not all(damage.torn for damage in damages), (place, bit)
            assert records == [record for record in written_records if record in records], (place, bit)


def test_after_a_damaged_block_the_next_group_is_read_again(tmp_path: Path) -> None:
    data = bytearray(blocks_of([RUN], STEPS[:2], STEPS[2:4], STEPS[4:]))
    place = len(blocks_of([RUN], STEPS[:2]))
    data[place + segment.HEADER_BYTES + 3] ^= 1
    found = list(read_file(written(tmp_path, bytes(data))))
    assert [row for row in found if not isinstance(row, Damage)] == [RUN, *STEPS[:2], *STEPS[4:]]
    assert isinstance(found[3], Damage)  # where it was found, so that nobody reads over it
    assert "block 2 is damaged (its checksum does not fit)" in str(found[3])


def test_the_rest_of_a_group_is_lost_with_a_damaged_block_of_it(tmp_path: Path) -> None:
    data = bytearray(blocks_of([RUN], STEPS[:2], STEPS[2:4], STEPS[4:], group_bytes=1 << 20))
    data[len(blocks_of([RUN])) + segment.HEADER_BYTES + 3] ^= 1
    records, damages = whole_and_damaged(written(tmp_path, bytes(data)))
    assert records == [RUN]
    assert len(damages) == 1


def test_bytes_that_are_no_block_are_passed_over(tmp_path: Path) -> None:
    first, second = blocks_of([RUN]), blocks_of([RUN], STEPS)
    records, damages = whole_and_damaged(written(tmp_path, first + b"rubbish" * 20_000 + second[len(first) :]))
    assert records == [RUN, *STEPS]
    assert ["140000 bytes that are no block" in damage.what for damage in damages] == [True]


def test_a_block_that_is_missing_is_noticed(tmp_path: Path) -> None:
    first, second, all_three = blocks_of([RUN]), blocks_of([RUN], STEPS[:2]), blocks_of([RUN], STEPS[:2], STEPS[2:])
    records, damages = whole_and_damaged(written(tmp_path, first + all_three[len(second) :]))
    assert records == [RUN, *STEPS[2:]]
    assert ["block 1 should stand here, but it is 2" in damage.what for damage in damages] == [True]


def test_zeros_at_the_end_are_what_a_loss_of_power_leaves(tmp_path: Path) -> None:
    records, [damage] = whole_and_damaged(written(tmp_path, blocks_of([RUN]) + bytes(5000)))
    assert records == [RUN]
    assert damage.torn


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "ends within its header"),
        (b"not a journal at all", "no journal segment"),
        (b"mwjournl\0\3\0\0", "ends within its header"),
    ],
)
def test_what_is_no_segment_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    records, [damage] = whole_and_damaged(written(tmp_path, data))
    assert records == []
    assert words in damage.what


def test_a_later_format_is_refused_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "VERSION", 3)
    data = blocks_of([RUN])
    monkeypatch.undo()
    _, [damage] = whole_and_damaged(written(tmp_path, data))
    assert "format 3 is not known to this version, which reads 2" in damage.what


def test_a_record_that_cannot_be_read_is_named_and_the_next_one_follows(tmp_path: Path) -> None:
    bad = encode(STEPS[0]).replace(b"\xa7Elapsed", b"\xa7Elapsad")
    data = file_header() + Packer().pack(encode(RUN) + bad + encode(STEPS[1]) + b"S")
    found = list(read_file(written(tmp_path, data)))
    assert [row for row in found if not isinstance(row, Damage)] == [RUN, STEPS[1]]
    unknown, cut = [row.what for row in found if isinstance(row, Damage)]
    assert unknown == "an event 'Elapsad' is not known to this version"
    assert cut.startswith("a record's head is cut at byte")


def test_only_the_kinds_that_are_wanted_are_read_and_heads_always(tmp_path: Path) -> None:
    frame = Frame(venue="binance", account=None, stream="marks", raw=b"{}", received=1.0)
    file = written(tmp_path, blocks_of([RUN, frame, STEPS[0], Outcome(number=0, digest=b"")]))
    assert list(read_file(file, kinds={Step})) == [RUN, STEPS[0]]
    assert list(read_file(file, kinds=())) == [RUN]


def test_a_folder_is_read_in_the_order_of_writing(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1")
    written(tmp_path, blocks_of([RUN], STEPS[3:]), "run-000002.mwj")
    written(tmp_path, blocks_of([RUN], STEPS[:3]), "run-000001.mwj")
    assert [record for record in read(tmp_path) if isinstance(record, Step)] == STEPS
    assert [found.path.name for found in segments(tmp_path)] == ["run-000001.mwj", "run-000002.mwj"]
    assert files(tmp_path / "run-000002.mwj") == (tmp_path / "run-000002.mwj",)


def test_reading_from_a_time_begins_with_the_segment_that_held_it(tmp_path: Path) -> None:
    for number, (start, steps) in enumerate([(100.0, STEPS[:2]), (102.0, STEPS[2:4]), (104.0, STEPS[4:])], 1):
        written(tmp_path, blocks_of([replace(RUN, began=start, segment=number), *steps]), f"run-{number:06d}.mwj")

    def steps_read(since: float | None, until: float | None) -> list[int]:
        return [row.number for row in read(tmp_path, since=since, until=until) if isinstance(row, Step)]

    assert steps_read(103.5, None) == [2, 3, 4, 5]
    assert steps_read(50.0, None) == [0, 1, 2, 3, 4, 5]
    assert steps_read(None, 103.0) == [0, 1, 2, 3]
    assert steps_read(104.0, 104.5) == [4]


def test_a_place_without_a_journal_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="is not there: name a folder"):
        files(tmp_path / "nowhere")
    with pytest.raises(InputMissing, match=r"no file there ends in \.mwj"):
        files(tmp_path)


def test_a_file_that_cannot_be_opened_is_a_damage(tmp_path: Path) -> None:
    (tmp_path / "a.mwj").mkdir()
    [damage] = list(read_file(tmp_path / "a.mwj"))
    assert isinstance(damage, Damage)
    assert "cannot be read: Is a directory" in str(damage)
    assert head_of(tmp_path / "a.mwj") is None
    assert Segment(tmp_path, None, 0).head is None


def test_every_record_but_an_outcome_has_its_time() -> None:
    tick = Tick("binance", "BTCUSDT", 1.0, 2.0, 3.0)
    assert [
        time_of(record)
        for record in (
            RUN,
            Baseline(at=1.0, after=0, events=(tick,), around=Surroundings()),
            STEPS[1],
            Outcome(number=1, digest=b""),
            Frame(venue="v", account=None, stream="s", raw=b"", received=4.0),
            Answer(venue="v", account=None, name="n", status=200, raw=b"", asked=4.0, received=5.0),
            Lost(counts={}, first=1.0, last=6.0, why=""),
            End(at=7.0, why="stopped"),
        )
    ] == [100.0, 1.0, 101.0, None, 4.0, 5.0, 6.0, 7.0]
