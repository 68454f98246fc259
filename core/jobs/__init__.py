"""Long work is a command in another process: start, watch, stop, resume, repeat, delete."""

from core.jobs.control import end_waiting, go_on, register, resume, retry, start, stop
from core.jobs.deletion import Belongings, belongings, delete
from core.jobs.job import Job, active_jobs, count_jobs, get_job, list_jobs, log_tail

__all__ = [
    "Belongings",
    "Job",
    "active_jobs",
    "belongings",
    "count_jobs",
    "delete",
    "end_waiting",
    "get_job",
    "go_on",
    "list_jobs",
    "log_tail",
    "register",
    "resume",
    "retry",
    "start",
    "stop",
]
