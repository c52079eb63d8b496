"""The Celery application: `celery -A csms.celery worker`, `celery -A csms.celery beat`."""

import os

from celery import Celery

# A worker started by hand is a deployment: it shall not run on the generated secrets of development.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csms.settings.production")

app = Celery("csms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
