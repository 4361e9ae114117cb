"""Changes of the clocks, as Python's zoneinfo knows them.

Reads {"zones": [...], "from": year, "until": year} as JSON. Writes {"release": of the zone data, "zones": {name: changes}}, each
change as [instant, offset before, offset after] in seconds: found by bisection between probes that lie twelve hours apart.
"""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError

STEP = 12 * 3600


def offset_at(zone, instant):
    return int(datetime.fromtimestamp(instant, timezone.utc).astimezone(zone).utcoffset().total_seconds())


def transitions(zone, start, end):
    found = []
    before = offset_at(zone, start)
    for probe in range(start + STEP, end + STEP, STEP):
        after = offset_at(zone, probe)
        if after == before:
            continue
        low, high = probe - STEP, probe
        while high - low > 1:
            middle = (low + high) // 2
            if offset_at(zone, middle) == before:
                low = middle
            else:
                high = middle
        found.append([high, before, after])
        before = after
    return found


def release():
    for folder in TZPATH:
        rules = Path(folder) / "tzdata.zi"
        if rules.exists():
            return rules.open().readline().split()[-1]
    return "unknown"


asked = json.load(sys.stdin)
start, end = (int(datetime(asked[name], 1, 1, tzinfo=timezone.utc).timestamp()) for name in ("from", "until"))
answer = {}
for name in asked["zones"]:
    try:
        answer[name] = transitions(ZoneInfo(name), start, end)
    except ZoneInfoNotFoundError:
        pass
json.dump({"release": release(), "zones": answer}, sys.stdout)
