"""OpenID Connect: members of staff sign in at a provider that their organisation has already."""
