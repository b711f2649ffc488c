"""Signing in and out, and showing once more who one is. The names are those by which `allauth` finds its own pages."""

from allauth.account import views as account
from allauth.mfa.base import views as second_step
from allauth.mfa.webauthn import views as passkeys
from django.db import transaction
from django.urls import path
from django.views.decorators.http import require_http_methods

from accounts.access import View
from accounts.second_factor_first import before_second_factor
from accounts.views import outside, passwords
from accounts.views.sign_in import SignInPage, sign_in_again


def page(view: View) -> View:
    """A page and its form, whose answer is written as a whole or not at all."""
    return require_http_methods(["GET", "HEAD", "POST"])(transaction.atomic(view))


urlpatterns = [
    path("sign-in/", SignInPage.as_view(), name="account_login"),
    path("sign-in/second-step/", page(second_step.authenticate), name="mfa_authenticate"),
    path("sign-in/passkey/", page(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-in/with/<slug:slug>/", outside.start, name="provider"),
    path("sign-in/with/<slug:slug>/callback/", outside.callback, name="provider_callback"),
    path("sign-in/with/<slug:slug>/acs/", outside.acs, name="saml_acs"),
    path("sign-in/with/<slug:slug>/finish/", outside.finish, name="saml_finish"),
    path("sign-in/with/<slug:slug>/metadata/", outside.metadata, name="saml_metadata"),
    path("new-password/", passwords.ask, name="reset_password"),
    path("new-password/asked/", passwords.asked, name="reset_asked"),
    path("new-password/<str:uidb64>/<str:token>/", passwords.ChoosePassword.as_view(), name="choose_password"),
    path("confirm/", before_second_factor(page(account.reauthenticate)), name="account_reauthenticate"),
    path("confirm/code/", page(second_step.reauthenticate), name="mfa_reauthenticate"),
    path("confirm/passkey/", page(passkeys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("confirm/sign-in/", before_second_factor(sign_in_again), name="sign_in_again"),
]
