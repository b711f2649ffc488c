"""Signing in through somebody else: OpenID Connect and SAML, as the settings name them."""
