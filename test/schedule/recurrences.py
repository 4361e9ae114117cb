"""Due times of recurrence rules, as python-dateutil knows them.

Reads a list of {"start": "20260101T090000", "rule": "FREQ=…"} as JSON, and writes the first 12 local times of each.
"""

import json
import sys
from itertools import islice
from datetime import datetime

from dateutil.rrule import rrulestr

json.dump(
    [
        [time.strftime("%Y-%m-%dT%H:%M:%S") for time in islice(rrulestr(one["rule"], dtstart=datetime.strptime(one["start"], "%Y%m%dT%H%M%S")), 12)]
        for one in json.load(sys.stdin)
    ],
    sys.stdout,
)
