"""Every way in which a sign-in at a provider can be refused, each with its sentence for the person."""

from graph.errors import ParleyError

SENTENCES = {
    # Before anybody has left for the provider, or on the way to it.
    "off": "Signing in with a provider is not set up here; use your password.",
    "unreachable": "The provider cannot be reached just now; try again in a minute.",
    "slow": "The provider took too long to answer; try again in a minute.",
    "failing": "The provider answered with an error; try again in a minute.",
    "too_large": "The provider sent more than can be read; tell your administrator.",
    "unreadable": "The provider sent something that cannot be read; tell your administrator.",
    "other_issuer": "The provider calls itself by another address than is set here; tell your administrator.",
    "insecure": "The provider names an address without https; tell your administrator.",
    "unsupported": "The provider offers no way of signing in that is safe enough; tell your administrator.",
    "keys_away": "The provider's keys cannot be fetched just now, and it takes them to sign in; try again in a minute.",
    # On the way back.
    "other_browser": "This sign-in was begun in another browser, or cookies are blocked; begin again here.",
    "used": "This sign-in was finished already or took longer than ten minutes; begin again.",
    "cancelled": "The sign-in was cancelled at the provider; begin again if you still want to sign in.",
    "provider_error": "The provider could not sign you in; begin again or tell your administrator.",
    "mixed_up": "The answer came from another provider than the one that was asked; begin again.",
    "no_code": "The provider's answer is not complete; begin again.",
    "code_refused": "The provider does not accept its own code any more; begin again.",
    "client_refused": "The provider does not know this installation or its secret; tell your administrator.",
    "incomplete": "The provider did not say who you are; tell your administrator.",
    # What the provider says about the person.
    "malformed": "The provider's statement about you cannot be read; tell your administrator.",
    "unsigned": "The provider's statement about you is not signed; tell your administrator.",
    "algorithm": "The provider's statement about you is signed in a way that is not accepted; tell your administrator.",
    "unknown_key": "The provider's statement about you is signed with a key that it does not publish; begin again.",
    "weak_key": "The provider's key is too weak; tell your administrator.",
    "signature": "The signature of the provider's statement about you is wrong; begin again.",
    "issuer": "The statement about you was made by another provider; begin again.",
    "audience": "The provider's statement about you is meant for another program; tell your administrator.",
    "authorized_party": "The provider's statement about you was given to another program; tell your administrator.",
    "expired": "The provider's statement about you has expired; begin again, or have the clocks compared.",
    "too_early": "The provider's statement about you is not valid yet; have your administrator compare the clocks.",
    "nonce": "The provider's statement about you belongs to another sign-in; begin again.",
    "at_hash": "The two parts of the provider's answer do not belong together; begin again.",
    "other_person": "The provider told of two different people in one answer; tell your administrator.",
    "no_email": "The provider gave no e-mail address that can be used; tell your administrator.",
    "unverified": "The provider has not verified your e-mail address; verify it there, then begin again.",
}


class OpenIdRefused(ParleyError):
    """Signing in with the provider did not work; begin again.

    Attributes:
        reason: for the log, a key of `SENTENCES`.
        detail: for the log, a status, a field's name or a code: nothing that people wrote.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(SENTENCES[reason])
        self.reason = reason
        self.detail = detail
