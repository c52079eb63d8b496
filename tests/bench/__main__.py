"""`make bench`: our gateway against a plain endpoint under the same server, in the same run.

make bench ARGS="--quick"                         a first impression in a minute
make bench ARGS="--only gateway/sqlite"           and the yardstick, which is always measured
make bench ARGS="--seconds 20 --json bench.json"
"""

import argparse
import dataclasses
import json
import os
import resource
import sys
from pathlib import Path
from subprocess import CalledProcessError

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.bench.client import Refused
from tests.bench.measure import CASES, DIRECTORY, PLAIN, Row, fsync_ms, measure, rows_of
from tests.server import ServerFailed
from tests.services import ServiceFailed

COLUMNS = {
    "connections": "conns",
    "calls_per_s": "calls/s",
    "p50_ms": "p50\nms",
    "p95_ms": "p95\nms",
    "p99_ms": "p99\nms",
    "server_cpu_s_per_1000": "CPU s\n/1,000",
    "cpu_ratio_to_plain": "times\nplain",
    "database_cpu_s_per_1000": "db CPU\n/1,000",
    "kib_per_idle_connection": "KiB/\nconn",
    "seconds_until_all_are_back": "back\nin s",
}
FORMATS = {
    "calls_per_s": ",.0f",
    "server_cpu_s_per_1000": ".3f",
    "database_cpu_s_per_1000": ".3f",
    "cpu_ratio_to_plain": ".2f",
}
GENERATOR_BOUND = 0.9
BUSY = 0.25  # waiting processes for each core, before ours
TABLE_WIDTH = 116  # columns; a narrow terminal wraps its lines instead of losing figures


def main() -> int:
    options = arguments().parse_args()
    wanted = [case for case in CASES if case == PLAIN or options.only in (None, case)]
    seconds = 2.0 if options.quick else options.seconds
    raise_open_files_limit()
    console = Console(stderr=True)
    rows: list[Row] = []
    busy = os.getloadavg()[0]
    failed = False
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("bench", total=sum(rows_of(case) for case in wanted))
        for case in wanted:
            try:
                for row in measure(
                    case, seconds=seconds, report=lambda what: progress.update(task, description=what)
                ):
                    rows.append(with_ratio(row, rows))
                    progress.advance(task)
            except (ServerFailed, ServiceFailed, Refused, OSError, CalledProcessError) as error:
                failed = True
                console.print(f"[red]{case}: {type(error).__name__}[/] {error}", highlight=False)
    out = Console()
    out.width = max(out.width, TABLE_WIDTH)
    out.print(table(rows))
    p50, p99 = fsync_ms(DIRECTORY)
    print(f"fsync of 4 KiB on this disk: p50 {p50:.2f} ms, p99 {p99:.2f} ms. Commits wait for it.")
    if busy > os.cpu_count() * BUSY:
        print(f"The machine was busy (load {busy:.1f} before the run): only the ratios say something.")
    for row in rows:
        if row.errors:
            failed = True
            print(f"{row.case}, {row.connections} connections: {row.errors} calls were refused or lost")
        if (row.client_cpu_share or 0) > GENERATOR_BOUND:
            print(f"{row.case}, {row.connections} connections: calls/s is the load generator's limit here")
    if options.json:
        options.json.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2) + "\n")
    return int(failed)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=CASES, help="one case, beside plain")
    parser.add_argument("--seconds", type=float, default=8, help="of each measurement (default: 8)")
    parser.add_argument("--quick", action="store_true", help="2 seconds each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    return parser


def with_ratio(row: Row, rows: list[Row]) -> Row:
    """Against the plain endpoint with the same connections at the same pace."""
    pace = row.case.rpartition("/paced")[1]
    for plain in rows:
        same = plain.case == PLAIN + pace and plain.connections == row.connections
        if same and row.server_cpu_s_per_1000 and plain.server_cpu_s_per_1000:
            ratio = row.server_cpu_s_per_1000 / plain.server_cpu_s_per_1000
            return dataclasses.replace(row, cpu_ratio_to_plain=ratio)
    return dataclasses.replace(row, cpu_ratio_to_plain=1.0) if row.case == PLAIN + pace else row


def table(rows: list[Row]) -> Table:
    made = Table(
        title="What a call costs, and how long its charge point waits",
        title_justify="left",
        box=box.SIMPLE,
        padding=(0, 1),
    )
    made.add_column("case", no_wrap=True)
    made.add_column("load", no_wrap=True)
    for title in COLUMNS.values():
        made.add_column(title, justify="right", no_wrap=True)
    before = ""
    for row in rows:
        case = next(case for case in CASES if row.case.startswith(case))
        if before and case != before:
            made.add_section()
        load = row.case.removeprefix(case).lstrip("/") or "closed"
        values = dataclasses.asdict(row)
        made.add_row(case if case != before else "", load, *(written(name, values[name]) for name in COLUMNS))
        before = case
    return made


def written(name: str, value: object) -> str:
    if value is None:
        return ""
    return format(value, FORMATS.get(name, ".1f")) if isinstance(value, float) else str(value)


def raise_open_files_limit() -> None:
    """For us, and for the servers that inherit it: a thousand connections need more than the usual 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
