"""Verifies assertions with the code that follows in the environment, which has a function caller.

Reads a JSON array of assertions, and writes one of what each is: [issuer, subject], or the name of the error.
"""

import json
import os
import sys

names: dict = {}
exec(os.environ["VERIFIER"], names)
jwt = names["jwt"]


def verdict(assertion: str):
    try:
        subject = names["caller"](assertion)["sub_id"]
    except jwt.PyJWTError as error:
        return type(error).__name__
    return [subject["iss"], subject["sub"]]


json.dump([verdict(assertion) for assertion in json.load(sys.stdin)], sys.stdout)
