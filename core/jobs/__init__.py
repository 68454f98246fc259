"""Long work is a command in another process: start, watch, stop, resume."""

from core.jobs.control import register, resume, start, stop
from core.jobs.job import Job, get_job, list_jobs, log_tail

__all__ = ["Job", "get_job", "list_jobs", "log_tail", "register", "resume", "start", "stop"]
