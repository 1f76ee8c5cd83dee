"""Tells the operator's webhook of the budgets' alerts: at least once each, signed, until it has taken them."""

import hashlib
import hmac
import json
import logging
import time
from uuid import UUID

from procrastinate import App, BaseRetryStrategy, Blueprint, JobContext, RetryDecision
from procrastinate.jobs import Job, Status
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.db.alerts import Reached, alert_to_tell, mark_told, untold_alerts
from app.jobs.context import ENGINE, SETTINGS
from app.jobs.webhook import Webhook
from app.settings_outgoing import Alerts

TELL = "alerts:tell_alert"
FIRST_WAIT_S = 10
LONGEST_WAIT_S = 3600
log = logging.getLogger(__name__)


class Doubling(BaseRetryStrategy):
    """Waits twice as long after each failure. It never ends: a job whose alert is too old does."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """When to try again."""
        wait_s = min(FIRST_WAIT_S * 2 ** min(job.attempts, 20), LONGEST_WAIT_S)
        return RetryDecision(retry_in={"seconds": wait_s})


def alerting() -> Blueprint:
    """The tasks. New for each app, because an app renames what it is given."""
    tasks = Blueprint()

    @tasks.periodic(cron="* * * * *")
    @tasks.task(name="queue_alerts", queueing_lock="queue_alerts", pass_context=True)
    async def _queue(context: JobContext, timestamp: int) -> None:
        if context.additional_context[SETTINGS].alerts.webhook is not None:
            await queue_alerts(context.app, context.additional_context[ENGINE])

    @tasks.task(name="tell_alert", pass_context=True, retry=Doubling())
    async def _tell(context: JobContext, alert_id: str) -> None:
        given = context.additional_context
        await tell_alert(given[ENGINE], given[SETTINGS].alerts, UUID(alert_id))

    return tasks


async def queue_alerts(app: App, engine: AsyncEngine) -> int:
    """Queue a job for each alert that waits to be told and has none; return how many.

    Two that run at the same moment can queue one alert twice; it is told once, because the second job waits for the
    first. No queueing lock is used: with one, a job that is to be tried again clashes with one queued meanwhile.
    """
    async with AsyncSession(engine) as session:
        waiting = await untold_alerts(session)
    if not waiting:
        return 0
    queued = {
        job.task_kwargs["alert_id"]
        for status in (Status.TODO, Status.DOING)
        for job in await app.job_manager.list_jobs_async(task=TELL, status=status.value)
    }
    new = [str(alert_id) for alert_id in waiting if str(alert_id) not in queued]
    for alert_id in new:
        await app.configure_task(TELL, lock=f"alert {alert_id}").defer_async(alert_id=alert_id)
    return len(new)


async def tell_alert(engine: AsyncEngine, alerts: Alerts, alert_id: UUID) -> None:
    """Send an alert to the webhook, unless it was told or is too old.

    Raises:
        WebhookFailed: it was not taken.
    """
    if alerts.webhook is None or alerts.secret is None:
        return
    async with AsyncSession(engine) as session:
        alert = await alert_to_tell(session, alert_id)
    if alert is None:
        return
    body = payload(alert)
    headers = signed(body, alert.id, alerts.secret.get_secret_value(), int(time.time()))
    await Webhook(alerts.webhook, private=alerts.private).post(body, headers)
    async with AsyncSession(engine) as session, session.begin():
        await mark_told(session, alert_id)
    log.info("an alert was told", extra={"alert": str(alert_id)})


def payload(alert: Reached) -> bytes:
    """What is sent, in JSON; amounts are text, so that no reader rounds them to binary fractions."""
    return json.dumps(
        {
            "id": str(alert.id),
            "type": "budget.share_reached",
            "site": alert.site,
            "period": alert.period,
            "period_start": alert.period_start.isoformat(),
            "share": f"{alert.share:f}",
            "budget_usd": f"{alert.budget_usd:f}",
            "cost_usd": f"{alert.cost_usd:f}",
            "created_at": alert.created_at.isoformat(),
        }
    ).encode()


def signed(body: bytes, alert_id: UUID, secret: str, now: int) -> dict[str, str]:
    """Headers that prove who sent a body, and when: HMAC-SHA256 over `now`, a dot and the body.

    Args:
        now: seconds since 1970, as a receiver compares them with its clock.
    """
    signature = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "Parley-Id": str(alert_id),
        "Parley-Timestamp": str(now),
        "Parley-Signature": f"v1={signature}",
    }
