"""The HTTP answer of a problem, without a web framework: the server itself refuses connections."""

from starlette.responses import Response

from services.chassis.errors import BrokerAway, DatabaseAway
from services.chassis.http.problems import PROBLEM_TYPE, RETRY_SECONDS, Problem


def answer(problem: Problem) -> Response:
    """The HTTP answer of a problem."""
    return Response(problem.encode(), problem.status, problem.headers, PROBLEM_TYPE)


def away(error: DatabaseAway | BrokerAway) -> Problem:
    """Problem 503 for a missing database or broker, with the time until a retry."""
    return Problem(503, error.message, headers={"Retry-After": RETRY_SECONDS})
