"""Which parts of a device's capacity may be asked for.

Source: k8s.io/kubernetes/pkg/apis/resource/validation (validateRequestPolicy).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.validation.devices import validate_set
from kubelite.api.validation.problems import Errors, forbidden, invalid, required
from kubelite.apimachinery import quantity
from kubelite.apimachinery.quantity import Quantity
from kubelite.apimachinery.scheme import Object

OPTIONS_MAX: Final = 10


def validate_request_policy(capacity: str, policy: Object, path: str) -> Errors:
    """A list of values or a range of them, with a default among them."""
    values: list[str] = policy.get("validValues") or []
    range_, default = policy.get("validRange"), policy.get("default")
    if values and range_ is not None:
        detail = (
            'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same '
            "time"
        )
        return [forbidden(path, detail)]
    if not values and range_ is None:
        return []
    field = "validValues" if values else "validRange"
    if default is None:
        return [required(f"{path}.default", f"required when {field} is defined")]
    most, wanted = quantity.parse(capacity), quantity.parse(default)
    if range_ is None:
        return _validate_values(values, wanted, most, f"{path}.{field}")
    return _validate_range(range_, wanted, most, f"{path}.{field}")


def _validate_values(values: list[str], default: Quantity, most: Quantity, path: str) -> Errors:
    amounts = [quantity.parse(value) for value in values]
    errors: Errors = [
        invalid(f"{path}[{index}]", str(amounts[index]), "values must be sorted in ascending order")
        for index in range(1, len(amounts))
        if amounts[index - 1] > amounts[index]
    ]

    def option(amount: Quantity, here: str) -> Errors:
        if amount > most:
            return [invalid(here, str(amount), f"option is larger than capacity value: {most}")]
        return []

    errors += validate_set(amounts, OPTIONS_MAX, path, option, lambda amount: int(amount.value))
    if default not in amounts:
        detail = "default value is not valid according to the requestPolicy"
        errors.append(invalid(path, str(default), detail))
    return errors


def _validate_range(range_: Object, default: Quantity, most: Quantity, path: str) -> Errors:
    if range_.get("min") is None:
        return [required(f"{path}.min", "required when validRange is defined")]
    low = quantity.parse(range_["min"])
    errors: Errors = []
    if low > most:
        errors.append(invalid(f"{path}.min", str(low), f"min is larger than capacity value: {most}"))
    if default < low:
        errors.append(invalid(f"{path}.default", str(default), f"default is less than min: {low}"))
    high = None if range_.get("max") is None else quantity.parse(range_["max"])
    if high is not None:
        if low > high:
            errors.append(invalid(f"{path}.max", str(low), f"min is larger than max: {high}"))
        if high > most:
            errors.append(invalid(f"{path}.max", str(high), f"max is larger than capacity value: {most}"))
        if default > high:
            errors.append(invalid(f"{path}.default", str(default), f"default is more than max: {high}"))
    if range_.get("step") is None:
        return errors
    return errors + _validate_step(quantity.parse(range_["step"]), low, (default, high), most, f"{path}.step")


def _validate_step(
    step: Quantity, low: Quantity, values: tuple[Quantity, Quantity | None], most: Quantity, path: str
) -> Errors:
    if step.value <= 0:
        return [invalid(path, str(step), "must be greater than zero")]
    errors: Errors = []
    if low + step > most:
        detail = f"one step {low + step} is larger than capacity value: {most}"
        errors.append(invalid(path, str(step), detail))
    for value in values:
        if value is not None and (int(value.value) - int(low.value)) % max(int(step.value), 1):
            detail = f"value is not a multiple of a given step ({step}) from ({low})"
            errors.append(invalid(path, str(value), detail))
    return errors
