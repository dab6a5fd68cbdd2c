"""Time fits with one version of the package, as `compare` asks for them.

Reads a line of JSON, a name and a number of calls, or 0 to find how many take
`least_seconds`; writes a line with the seconds of a call, or with that number.
"""

import json
import sys
import warnings

from _timing import PROCESSOR, enough, seconds_of

import sknormreg
from sknormreg.engine import engine_name

from ._fits import FITS


def answer(calls, name, n_calls, least_seconds):
    if name not in calls:
        calls[name] = FITS[name]()
    function = calls[name]

    def seconds(n):
        return seconds_of(lambda: [function() for _ in range(n)], PROCESSOR)

    if n_calls:
        return seconds(n_calls) / n_calls
    return enough(seconds, least_seconds)


def main():
    warnings.simplefilter("ignore")
    # What fits print is not an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps([sknormreg.__file__, engine_name()]), file=answers, flush=True)
    calls = {}
    for line in sys.stdin:
        try:
            found = {"answer": answer(calls, **json.loads(line))}
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()
