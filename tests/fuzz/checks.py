"""Which requests may be refused as invalid although the API's description allows them."""

import schemathesis

# Rules that no JSON Schema can say, by the codes of their violations.
BEYOND_SCHEMA = {
    # What another resource, or the state of this one, has to do with it.
    "parent_not_found",
    "category_not_found",
    # Members that depend on each other.
    "must_exceed_price",
    "range_too_long",
    "before_from",
    "has_template",
    # Opaque to clients, and of one list each.
    "invalid_cursor",
    "invalid_signature",
    "too_early",
    "needs_template",
    "channel_mismatch",
    "currency_mismatch",
    # "Any but zero" is no range.
    "must_not_be_zero",
}
# The same, where it depends on the channel, or on whether there is a template, which members there have to be, and what
# is in them; and where a text is in a language of its own.
OF_AN_ENDPOINT = {
    "/api/v1/notifications/send": {
        "required",
        "invalid_email",
        "invalid_phone",
        "invalid_device_token",
        "template_not_found",
        "template_inactive",
        "template_failed",
    },
    "/api/v1/templates": {"invalid_template"},
    "/api/v1/templates/{id}": {"invalid_template"},
}
# What can be said of an amount depends on its currency, and it is read as one with it.
OF_A_CURRENCY = ("has more decimals than", "beyond what can be represented")


@schemathesis.check
def refused_for_a_rule(ctx, response, case):
    """A request of the described form is refused by a rule of the shop, and not because it can't be read."""
    generated = case.meta.generation.mode if case.meta else None
    if generated is None or not generated.is_positive or response.status_code != 400:
        return
    problem = response.json()
    codes = {violation["code"] for violation in problem.get("errors") or []} or {problem["code"]}
    if codes == {"invalid_value"} and any(text in problem["detail"] for text in OF_A_CURRENCY):
        return
    surplus = sorted(codes - BEYOND_SCHEMA - OF_AN_ENDPOINT.get(case.operation.full_path, set()))
    assert not surplus, f"allowed by the schema, and refused with {', '.join(surplus)}: {problem['detail']}"
