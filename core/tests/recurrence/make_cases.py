"""Makes cases.txt: what python-dateutil says of random rules. `just recurrence-cases` runs it.

dateutil reads the same RFC 5545 and shares no code with core. Where the two differ on purpose, no case is made:

- BYDAY with and without numbers in one rule: dateutil takes the days that are both, the RFC those that are either.
- WEEKLY with BYSETPOS and a first day within a week: dateutil counts positions from that day on, core from the week's beginning,
  as the RFC has it of every set. Such rules begin on the first day of a week here.
- A number before a day that no month reaches, such as 20MO: dateutil fails with an IndexError, core finds no such day.
"""

import calendar
import datetime
import random
import sys
from importlib.metadata import version

from dateutil import rrule

SEED = 20261125
CASES = 3000
SHOWN = 6
LAST_YEAR = 2250

FREQUENCIES = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


class Calendar:
    """The module `datetime` with an earlier last year: a rule that never comes true would be followed to the year 9999."""

    MAXYEAR = LAST_YEAR

    def __getattr__(self, name):
        return getattr(datetime, name)


rrule.datetime = Calendar()


def some(rng, members, most):
    return rng.sample(members, rng.randint(1, min(most, len(members))))


def written(name, members):
    return f"{name}={','.join(str(member) for member in members)}"


def make_rule(rng):
    frequency = rng.choice(FREQUENCIES)
    has_months = frequency in ("MONTHLY", "YEARLY")
    parts, lists = [f"FREQ={frequency}"], []
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.choice([2, 3, 4, 5, 6, 7, 12, 18, 30])}")
    if rng.random() < 0.3:
        lists.append(written("BYMONTH", some(rng, range(1, 13), 4)))
    if frequency != "WEEKLY" and rng.random() < 0.35:
        lists.append(written("BYMONTHDAY", some(rng, [*range(1, 32), *range(-31, 0)], 6)))
    if rng.random() < 0.6:
        days = some(rng, DAYS, 5)
        if has_months and rng.random() < 0.5:
            is_of_year = frequency == "YEARLY" and not any(part.startswith("BYMONTH=") for part in lists)
            last = 53 if is_of_year and rng.random() < 0.3 else 5
            days = [f"{rng.choice([-1, 1]) * rng.randint(1, last)}{day}" for day in days]
        lists.append(written("BYDAY", days))
    if lists and rng.random() < 0.3:
        lists.append(written("BYSETPOS", some(rng, [1, 2, 3, 4, 5, 10, -1, -2, -3, -4, -5, -10], 3)))
    if rng.random() < 0.4:
        parts.append(f"WKST={rng.choice(DAYS)}")
    rng.shuffle(lists)
    return parts + lists


def make_start(rng, parts):
    year, month = rng.randint(1970, 2100), rng.randint(1, 12)
    # The ends of months are where rules go wrong.
    last = calendar.monthrange(year, month)[1]
    start = datetime.datetime(year, month, rng.choice([rng.randint(1, last), rng.randint(1, last), last, 1]))
    if parts[0] == "FREQ=WEEKLY" and any(part.startswith("BYSETPOS") for part in parts):
        first = next((DAYS.index(part[5:]) for part in parts if part.startswith("WKST=")), 0)
        start -= datetime.timedelta(days=(start.weekday() - first) % 7)
    return start


def make_case(rng):
    parts = make_rule(rng)
    start = make_start(rng, parts)
    after, end = start, rng.random()
    if end < 0.2:
        parts.append(f"COUNT={rng.randint(1, 12)}")
    elif end < 0.4:
        parts.append(f"UNTIL={start + datetime.timedelta(days=rng.choice([0, 30, 400, 4000])):%Y%m%d}")
    elif end < 0.7:
        after = start + datetime.timedelta(days=rng.randint(0, 15_000))
    text = ";".join(parts)
    found, rule = [], rrule.rrulestr(text, dtstart=start)
    for moment in rule:
        if moment >= after:
            found.append(moment)
        if len(found) == SHOWN:
            break
    # One more than is shown would tell where a rule ends: `.` says that it does.
    days = [(moment - before).days for before, moment in zip([after, *found], found)]
    gaps = " ".join(str(gap) for gap in days) + ("" if len(found) == SHOWN else " .")
    return f"{text}|{start:%Y%m%d}+{(after - start).days}|{gaps.strip()}"


def main():
    rng = random.Random(SEED)
    print(f"# python-dateutil {version('python-dateutil')}, seed {SEED}: {CASES} random rules, made by make_cases.py.")
    print(f"# rule|first day+days to the window|days to each of its first {SHOWN} days; . where no more come before {LAST_YEAR + 1}")
    cases = set()
    while len(cases) < CASES:
        case = make_case(rng)
        if case not in cases:
            cases.add(case)
            print(case)


if __name__ == "__main__":
    sys.exit(main())
