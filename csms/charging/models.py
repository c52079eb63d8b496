"""Reference data that people edit (Site, ChargePoint), and the tables of the projections.

A projection's table is written by its projection only; everybody else reads it.
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinLengthValidator
from django.db import models


class Site(models.Model):
    name = models.CharField(max_length=100, unique=True)
    time_zone = models.CharField(
        max_length=50, default="UTC", help_text="IANA name, for example Europe/Berlin."
    )
    address = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ChargePoint(models.Model):
    """A charge point that we know, and on which terms it is served."""

    class Registration(models.TextChoices):
        ACCEPTED = "Accepted"
        PENDING = "Pending"
        REJECTED = "Rejected"

    class SecurityProfile(models.IntegerChoices):
        OPEN = 0, "0: no authentication"
        BASIC = 1, "1: password"
        TLS_BASIC = 2, "2: TLS and password"
        TLS_CERTIFICATE = 3, "3: TLS and client certificate"

    identity = models.CharField(
        max_length=255,
        unique=True,
        validators=[MinLengthValidator(1)],
        help_text="Last element of its URL, decoded. It distinguishes upper and lower case.",
    )
    name = models.CharField(max_length=100, blank=True, help_text="What people call it.")
    site = models.ForeignKey(
        Site, null=True, blank=True, on_delete=models.SET_NULL, related_name="charge_points"
    )
    registration = models.CharField(
        max_length=10,
        choices=Registration.choices,
        default=Registration.ACCEPTED,
        help_text="The answer to its BootNotification. Unless Accepted, it gets SecurityError for "
        "everything else.",
    )
    security_profile = models.PositiveSmallIntegerField(
        choices=SecurityProfile.choices, default=SecurityProfile.OPEN, validators=[MaxValueValidator(3)]
    )
    password_digest = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="Keyed digest of its password, never the password.",
    )
    no_automation = models.BooleanField(
        default=False, help_text="The system sends it no call of its own accord, only what people ask for."
    )
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Out of service for good: refused like an unknown one; its history stays.",
    )

    class Meta:
        ordering = ("identity",)

    def __str__(self) -> str:
        return self.name or self.identity


class TransactionNumbers(models.Model):
    """One row: the last transaction id that was reserved. Gateways take ids from it in blocks."""

    last = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"up to {self.last}"


class ProjectionModel(models.Model):
    """Base of all tables that a projection writes."""

    charge_point = models.CharField(
        max_length=255, help_text="Identity; the stream that the row is folded from."
    )

    class Meta:
        abstract = True
        default_permissions = ("view",)


class ChargePointState(ProjectionModel):
    """What a charge point said of itself, and its current connection."""

    connection = models.BigIntegerField(null=True, help_text="Its current connection; null while offline.")
    gateway = models.CharField(max_length=100, help_text="The gateway process that holds the connection.")
    remote_address = models.CharField(max_length=60)
    subprotocol = models.CharField(max_length=20)
    connected_at = models.DateTimeField(null=True)
    disconnected_at = models.DateTimeField(null=True)
    booted_at = models.DateTimeField(null=True)
    registration = models.CharField(max_length=10, help_text="What it was told at its last boot.")
    vendor = models.CharField(max_length=50)
    model = models.CharField(max_length=50)
    serial_number = models.CharField(max_length=50)
    firmware_version = models.CharField(max_length=50)
    iccid = models.CharField(max_length=20)
    imsi = models.CharField(max_length=20)
    meter_type = models.CharField(max_length=50)
    meter_serial_number = models.CharField(max_length=50)
    latest_start_at = models.DateTimeField(
        null=True,
        help_text="Newest start of a transaction: a start after it cannot have been reported before.",
    )
    firmware_status = models.CharField(max_length=40)
    log_status = models.CharField(max_length=40)

    class Meta(ProjectionModel.Meta):
        constraints = [models.UniqueConstraint(fields=["charge_point"], name="charge_point_state_key")]
        indexes = [models.Index(fields=["gateway"])]

    def __str__(self) -> str:
        return self.charge_point


class ConnectorStatus(ProjectionModel):
    """Latest status of each connector; evse 0 is the charge point itself."""

    evse = models.IntegerField()
    connector = models.IntegerField()
    status = models.CharField(max_length=20)
    error_code = models.CharField(max_length=30)
    info = models.CharField(max_length=50)
    vendor_id = models.CharField(max_length=255)
    vendor_error_code = models.CharField(max_length=50)
    happened_at = models.DateTimeField(help_text="The charge point's time, or ours when it gave none.")
    recorded_at = models.DateTimeField()
    position = models.BigIntegerField(help_text="The event that says so.")

    class Meta(ProjectionModel.Meta):
        verbose_name_plural = "connector statuses"
        constraints = [
            models.UniqueConstraint(fields=["charge_point", "evse", "connector"], name="connector_status_key")
        ]

    def __str__(self) -> str:
        return f"{self.charge_point} {self.evse}: {self.status}"


class Transaction(ProjectionModel):
    """One charging transaction, as far as it is known."""

    class State(models.TextChoices):
        RUNNING = "running"
        ENDED = "ended"
        PRESUMED_ENDED = "presumed ended"

    transaction_id = models.CharField(max_length=36)
    evse = models.IntegerField()
    connector = models.IntegerField()
    id_token = models.CharField(max_length=36)
    id_token_folded = models.CharField(max_length=36)
    verdict = models.CharField(max_length=20)
    reservation_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=20, choices=State.choices)
    started_at = models.DateTimeField(help_text="The charge point's time.")
    start_key = models.CharField(max_length=200, help_text="Identity of the start by content.")
    meter_start_wh = models.BigIntegerField()
    ended_at = models.DateTimeField(null=True)
    meter_stop_wh = models.BigIntegerField(null=True)
    stop_reason = models.CharField(max_length=30)
    stop_id_token = models.CharField(max_length=36)
    evidence = models.CharField(max_length=200, help_text="Why it is presumed to have ended.")
    register_wh = models.FloatField(null=True, help_text="Latest reading of the energy register.")
    sampled_at = models.DateTimeField(null=True, help_text="When the latest sample was taken.")
    energy_wh = models.FloatField(null=True)
    power_w = models.FloatField(null=True)
    current_a = models.FloatField(null=True)
    voltage_v = models.FloatField(null=True)
    soc_percent = models.FloatField(null=True)
    anomaly = models.CharField(max_length=200)
    is_late = models.BooleanField(help_text="Reported long after it happened.")
    start_position = models.BigIntegerField()
    stop_position = models.BigIntegerField(null=True)

    class Meta(ProjectionModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["charge_point", "transaction_id"], name="transaction_key"),
        ]
        indexes = [
            models.Index(fields=["charge_point", "start_key"]),
            models.Index(fields=["-started_at"]),
            models.Index(
                fields=["id_token_folded"],
                condition=models.Q(state="running"),
                name="transaction_running_token",
            ),
            models.Index(
                fields=["charge_point"], condition=models.Q(state="running"), name="transaction_running"
            ),
        ]

    def __str__(self) -> str:
        return self.transaction_id


class MeterValue(ProjectionModel):
    """All readings of one moment; `values` are normalised (Wh, W, A, V), with the raw text beside."""

    evse = models.IntegerField()
    connector = models.IntegerField()
    transaction_id = models.CharField(max_length=36, help_text="Empty outside of transactions.")
    sampled_at = models.DateTimeField()
    digest = models.CharField(max_length=16, help_text="Of the values: the same sample counts once.")
    values = models.JSONField()
    position = models.BigIntegerField()

    class Meta(ProjectionModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["charge_point", "transaction_id", "evse", "sampled_at", "digest"],
                name="meter_value_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.charge_point} {self.evse} at {self.sampled_at}"


class OrphanMessage(ProjectionModel):
    """A stop or meter values for a transaction that nobody knows: answered, kept, to be looked at."""

    position = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    transaction_id = models.CharField(max_length=36)
    evse = models.IntegerField()
    id_token = models.CharField(max_length=36)
    meter_wh = models.FloatField(null=True)
    happened_at = models.DateTimeField()

    class Meta(ProjectionModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["charge_point", "kind", "transaction_id", "evse", "happened_at"],
                name="orphan_message_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} for transaction {self.transaction_id} of {self.charge_point}"


class ChargePointSetting(ProjectionModel):
    """A setting as it was last reported, or as a change of ours that was accepted left it."""

    key = models.CharField(max_length=50)
    value = models.CharField(max_length=500, null=True)
    readonly = models.BooleanField()
    reboot_required = models.BooleanField(help_text="Accepted, but in force only after a reboot.")
    recorded_at = models.DateTimeField()
    position = models.BigIntegerField()

    class Meta(ProjectionModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["charge_point", "key"], name="charge_point_setting_key")
        ]

    def __str__(self) -> str:
        return f"{self.charge_point} {self.key}"


class HourlyActivity(ProjectionModel):
    """Frames of one charge point in one hour: the asynchronous projection behind the statistics."""

    hour = models.DateTimeField()
    calls = models.IntegerField(help_text="Calls that the charge point made.")
    refused = models.IntegerField(help_text="Calls that we answered with a CALLERROR.")
    commands = models.IntegerField(help_text="Calls that we made.")
    connections = models.IntegerField()
    last_event_at = models.DateTimeField()

    class Meta(ProjectionModel.Meta):
        verbose_name_plural = "hourly activity"
        constraints = [models.UniqueConstraint(fields=["charge_point", "hour"], name="hourly_activity_key")]

    def __str__(self) -> str:
        return f"{self.charge_point} at {self.hour}"
