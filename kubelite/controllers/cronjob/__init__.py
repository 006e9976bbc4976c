"""CronJobs: a Job for each run of a schedule."""
