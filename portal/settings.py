"""Django's settings, all from the environment (portal/environment.py); nothing here differs between installations."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from accounts.providers.configuration import providers_of
from common.static_bundle import static_version
from portal.environment import load_environment
from portal.logs import configuration
from portal.servers.addresses import celery_broker, django_database
from portal.servers.mail import mail_server

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = load_environment()

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "csp",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "template_partials",
    # The stair, from the ground up (docs/architecture.md).
    "common",
    "activity",
    "accounts",
    "entities",
    "alerts",
    "incidents",
    "ingest",
    "exports",
    "webhooks",
    "portal",
]

MIDDLEWARE = [
    "portal.envelope.Envelope",
    "portal.middleware.NothingNew",
    "portal.middleware.RemoteAddress",
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.Compressed",
    "common.problems.ToldAsProblems",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.envelope.DatabaseTrouble",
    "portal.time_limits.TimeLimits",
    "portal.middleware.SignInRequired",
    "accounts.seen.Seen",
    "accounts.second_factor_first.SecondFactorFirst",
    "portal.middleware.PersonalTimeZone",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.navigation.navigation",
            ],
            "builtins": ["common.templatetags.ui", "template_partials.templatetags.partials"],
        },
    },
]

# --- Data ---------------------------------------------------------------------------------------------------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATEMENT_TIMEOUT = ENVIRONMENT.statement_timeout_seconds * 1000
"""Milliseconds; what requests have of it is in portal/time_limits.py."""


def _database(url: str, **extra: Any) -> dict[str, Any]:
    entry = django_database(url) | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True} | extra
    # A database that hangs, or whose machine is gone, is noticed within seconds, and pages say so.
    noticed = {"connect_timeout": 5, "tcp_user_timeout": 20_000, "keepalives_idle": 10, "keepalives_interval": 5}
    # Starting helpers takes the database 10 to 20 ms: right for a statement of seconds, wrong for one of a page.
    session = {
        "statement_timeout": STATEMENT_TIMEOUT,
        "lock_timeout": 5_000,
        "parallel_setup_cost": 50_000,
        "plan_cache_mode": "force_generic_plan",  # of the same: else most would be planned each time still
    }
    entry["OPTIONS"] = {
        **noticed,
        **entry["OPTIONS"],
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
        "prepare_threshold": 2,  # of statements that ask for it (common/planned.py)
    }
    return entry


DATABASES: dict[str, dict[str, Any]] = {}
if ENVIRONMENT.database_url:
    DATABASES["default"] = _database(ENVIRONMENT.database_url)
    if ENVIRONMENT.database_owner_url:
        # Only migrations and tests are given the owner; the running application has no alias for it.
        DATABASES["owner"] = django_database(ENVIRONMENT.database_owner_url)
        DATABASES["default"]["TEST"] = {"MIRROR": "owner"}

if ENVIRONMENT.redis_url:
    CACHES = {"default": {"BACKEND": "common.tolerant_cache.TolerantCache", "LOCATION": ENVIRONMENT.redis_url}}

# --- People -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.adapter.SignIn"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["username", "display_name", "email"]},
    },
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_USER_DISPLAY = "accounts.adapter.display_name"
MFA_ADAPTER = "accounts.second_factors.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # clocks that are half a minute apart
MFA_FORMS = {
    "authenticate": "accounts.second_factor_forms.SecondStepCodeForm",
    "reauthenticate": "accounts.second_factor_forms.ConfirmByCodeForm",
    "authenticate_webauthn": "accounts.second_factor_forms.SecondStepForm",
    "login_webauthn": "accounts.second_factor_forms.PasskeySignInForm",
    "reauthenticate_webauthn": "accounts.second_factor_forms.ConfirmByPasskeyForm",
}

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = int(timedelta(hours=ENVIRONMENT.session_hours).total_seconds())
SESSION_COOKIE_SAMESITE = "Lax"
BREAK_GLASS_TIME = timedelta(minutes=ENVIRONMENT.break_glass_minutes)
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"

SIGN_IN_PROVIDERS = providers_of(ENVIRONMENT.sign_in_providers)
BREAK_GLASS_USER = "" if ENVIRONMENT.password_sign_in else ENVIRONMENT.break_glass_user
"""The only one who signs in with a password or a passkey of ours; "" where everybody may."""
SOCIALACCOUNT_ADAPTER = "accounts.providers.adapter.Providers"
SOCIALACCOUNT_LOGIN_ON_GET = True  # by a link: browsers hold a form to where the policy lets it lead
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"provider_class": "accounts.providers.oidc.Provider"},
    "saml": {"provider_class": "accounts.providers.saml.Provider"},
}
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=1).total_seconds())
SIGN_IN_HELP = ENVIRONMENT.sign_in_help
SENDS_MAIL = ENVIRONMENT.smtp_url is not None
DEFAULT_FROM_EMAIL = ENVIRONMENT.mail_from
EMAIL_TIMEOUT = 10
if ENVIRONMENT.smtp_url:
    _mail = mail_server(ENVIRONMENT.smtp_url)
    EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
    EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.speaks_tls, _mail.goes_over_to_tls

# --- Language and time --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
USE_I18N = False  # English alone; to ask for the language at each address would take a page a twentieth of its time
USE_TZ = True
TIME_ZONE = ENVIRONMENT.display_time_zone

# --- Static files: served by the web process, kept by browsers for ever under an address that changes with them --

STATIC_URL = f"/static/{static_version('django-htmx')}/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "common.static_bundle.JoinedFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = r"."

# --- Security -----------------------------------------------------------------------------------------------------

HTTPS = bool(ENVIRONMENT.public_url and ENVIRONMENT.public_url.startswith("https://"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    # Browsers take cookies of these names from this host alone, over https alone (RFC 6265bis, section 4.1.3.2).
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
MESSAGE_STORAGE = "portal.messages.OwnMessages"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # what else is served under the organisation's names is not ours to decide
    "security.W021",  # nor is the list of all browsers to be asked for it
    "security.W008",  # the proxy that speaks TLS redirects; where it does not tell of itself, ours would never end
]
PUBLIC_URL = ENVIRONMENT.public_url
if ENVIRONMENT.public_url:
    CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.public_url]
if ENVIRONMENT.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxies
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = ENVIRONMENT.max_body_megabytes * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
ATTACHMENTS_FOLDER = ENVIRONMENT.data_dir / "attachments"
ATTACHMENT_BYTES = ENVIRONMENT.attachment_megabytes * 1024 * 1024
EXPORTS_FOLDER = ENVIRONMENT.data_dir / "exports"
EXPORT_CACHE_TIME = timedelta(minutes=ENVIRONMENT.export_cache_minutes)
EXPORT_KEPT_TIME = timedelta(hours=ENVIRONMENT.export_kept_hours)
EXPORT_TIME = timedelta(seconds=ENVIRONMENT.export_seconds)
EXPORT_MEMORY = ENVIRONMENT.export_memory_megabytes * 1024 * 1024
EXPORT_BYTES = ENVIRONMENT.export_megabytes * 1024 * 1024
EXPORTS_AT_ONCE = ENVIRONMENT.exports_at_once
WEBHOOK_HTTP = ENVIRONMENT.webhook_http
WEBHOOK_NETWORKS = ENVIRONMENT.webhook_networks
ARCHIVE_BYTES = ATTACHMENT_BYTES
"""Of one that is sent, to the page or to the API; larger ones are imported by the command."""
ATTACHMENT_BYTES_OF_INCIDENT = ENVIRONMENT.attachments_per_incident_megabytes * 1024 * 1024

# --- API ----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.authentication.SignedInPerson",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.NobodyUnlessNamed"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.TokenRate"],
    "EXCEPTION_HANDLER": "common.api.problem",
    "DEFAULT_SCHEMA_CLASS": "common.describing.OperationSchema",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Watchfloor",
    "VERSION": "1",
    "DESCRIPTION": "Incident management for security operations centres. HEAD is answered like GET, without a body. In "
    "bodies, null is as leaving a field out, except where a field says what it means.",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SORT_OPERATIONS": False,
    "POSTPROCESSING_HOOKS": [],
}

API_READS_PER_MINUTE = ENVIRONMENT.api_reads_per_minute
API_WRITES_PER_MINUTE = ENVIRONMENT.api_writes_per_minute
API_ALERTS_PER_MINUTE = ENVIRONMENT.api_alerts_per_minute

# --- Background work: PostgreSQL is the truth, a message only wakes a worker --------------------------------------

if ENVIRONMENT.redis_url:
    CELERY_BROKER_URL = celery_broker(ENVIRONMENT.redis_url)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1_200,
    # Without these a page that announces a job would wait for ever for a Redis that takes connections and hangs.
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "compare what the queue shows with the truth": {
        "task": "incidents.tasks.check_summaries",
        "schedule": timedelta(hours=1),
    },
    "wake incidents whose snooze has run out": {
        "task": "incidents.tasks.wake_due",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "tell what is overdue": {
        "task": "incidents.tasks.tell_what_is_overdue",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "take up bulk acts that nobody works on": {
        "task": "incidents.tasks.sweep_bulk_acts",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "take up trials of rules that nobody works on": {
        "task": "ingest.tasks.sweep_trials",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "take up reassessments of critical assets that nobody works on": {
        "task": "incidents.tasks.sweep_reassessments",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "take up exports that nobody works on": {
        "task": "exports.tasks.sweep_exports",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "send webhooks that nobody has in hand": {
        "task": "webhooks.tasks.sweep_deliveries",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 15},
    },
    "forget old deliveries of webhooks": {
        "task": "webhooks.tasks.forget_old_deliveries",
        "schedule": timedelta(hours=1),
    },
    "let priorities grow with waiting": {
        "task": "incidents.tasks.weigh_incidents",
        "schedule": timedelta(minutes=5),
    },
    "count how common alert kinds are": {
        "task": "incidents.tasks.count_alert_kinds",
        "schedule": timedelta(hours=1),
    },
    "empty texts whose time is over": {
        "task": "incidents.tasks.empty_what_is_old",
        "schedule": timedelta(hours=24),
    },
    "sign what the log has gained": {
        "task": "activity.tasks.take_checkpoints",
        "schedule": timedelta(seconds=60),
        "options": {"expires": 60},
    },
    "look at every attachment": {"task": "incidents.tasks.look_at_attachments", "schedule": timedelta(hours=24)},
    "sweep up files that belong to nothing": {
        "task": "incidents.tasks.sweep_attachments",
        "schedule": timedelta(hours=1),
    },
    "sweep up export files that belong to nothing": {
        "task": "exports.tasks.sweep_export_files",
        "schedule": timedelta(hours=1),
    },
    "verify the log": {"task": "activity.tasks.verify_chains", "schedule": timedelta(hours=24)},
    "tell the log who was refused at the door": {
        "task": "accounts.tasks.tell_of_the_door",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "forget answers that were kept for repeats": {
        "task": "accounts.tasks.forget_kept_answers",
        "schedule": timedelta(hours=1),
    },
    "send links to new passwords": {
        "task": "accounts.tasks.send_resets",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "clear expired sessions": {"task": "accounts.tasks.clear_expired_sessions", "schedule": timedelta(hours=24)},
}

# --- Proof of the activity log: outside the database (docs/log-format.md) -------------------------------------------

CHECKPOINT_FOLDER = ENVIRONMENT.data_dir / "checkpoints"
CHECKPOINT_KEY = ENVIRONMENT.checkpoint_key
CHECKPOINT_KEY_PATH = ENVIRONMENT.data_dir / "checkpoint_key"
CHECKPOINT_SYSLOG = ENVIRONMENT.checkpoint_syslog

# --- Log ----------------------------------------------------------------------------------------------------------

LOGGING = configuration(ENVIRONMENT.log_level)
