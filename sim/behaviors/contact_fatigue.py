"""Contact fatigue: too many messages of the firm wear out the response to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.component import Behavior
from ..core.declare import Fields, Parameters, field, flow, param, stream
from ..core.draws import exp32, uniform
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import probability
from ..world.world import World

f32, u8 = np.float32, np.uint8
_ZERO, _ONE = f32(0.0), f32(1.0)


class ContactFatigue(Behavior):
    """Beyond a weekly number of contacts each further one lowers the response, and some people opt out for good.

        receptiveness = exp(-tiring max(0, load - cap))
        hazard of opting out when written to = opt_out max(0, load - cap)

    The load is the number of contacts a week, forgotten at a rate of one a week. Receptiveness multiplies the response to a
    message, never the base rate; who has opted out has 0.
    Source: assumed; the texts this project models claim contact fatigue without numbers.
    """

    unpublished = (
        "No published size of contact fatigue is known to this project: how fast people tire, from which number on, and how many opt "
        "out are assumed."
    )

    type = "contact_fatigue"
    by_segment = True
    reads = ("segment", "contacts", "receptiveness")
    writes = ("receptiveness",)
    totals = (flow("opted_out", unit="people", doc="People who no longer accept messages of the firm."),)

    LEAVE = stream("contact_fatigue.opt_out", per="week", doc="Whether an overloaded person opts out.")

    class State(Fields):
        load: Any = field(np.float32, default=0.0, unit="contacts", low=0, doc="Contacts of about the last week.")

    class Params(Parameters):
        tiring: float = param(
            0.25,
            unit="1/contact",
            low=0.0,
            high=2.0,
            role="effect",
            neutral=0.0,
            doc="Log response lost per contact above the cap.",
            plausible=(0.05, 0.6),
            source="assumed",
        )
        cap: float = param(
            2.0,
            unit="contacts/week",
            low=0.0,
            high=50.0,
            doc="Contacts a week that do not tire.",
            plausible=(1, 5),
            source="assumed",
        )
        opt_out: float = param(
            0.004,
            unit="1/contact",
            low=0.0,
            high=0.5,
            role="effect",
            neutral=0.0,
            doc="Probability of opting out per contact above the cap.",
            plausible=(0.001, 0.02),
            source="assumed",
        )

    @property
    def links(self) -> tuple[Link, ...]:
        # Load is forgotten at a rate of one a week.
        return (
            link("contacts", "receptiveness", -1, "tiring", delay=1.0),
            link("contacts", "consent", -1, "opt_out"),
        )

    def respond(self, world: World) -> None:
        customers, params, calendar = world.customers, self.params, world.calendar
        own = world.own(self)
        keep = 1.0 - probability(1.0, calendar.dt)
        if params.opt_out > 0.0:
            left = world.tally(
                opt_out,
                1,
                customers.receptiveness,
                own.load,
                customers.contacts,
                customers.segment,
                world.key(self.LEAVE),
                np.uint64(calendar.step),
                f32(probability(1.0)),
                f32(params.cap),
                f32(params.opt_out),
            )
            world.totals.add("opted_out", left[:, 0])
        # With n contacts at the start of every week, what is left of them at its end adds up to n / (e - 1).
        world.each(
            tire,
            customers.receptiveness,
            own.load,
            customers.contacts,
            f32(keep),
            f32(probability(1.0) / (1.0 - probability(1.0))),
            f32(params.tiring),
            f32(params.cap),
        )


@kernel
def tire(receptiveness, load, contacts, keep, scale, tiring, cap, start, stop):
    """Load as the step ends and the response that is left; 0 stays 0, for who has opted out."""
    for i in range(start, stop):
        carried = (load[i] + f32(contacts[i])) * keep
        carried = carried if carried >= f32(0.01) else _ZERO
        load[i] = carried
        left = max(exp32(-tiring * max(scale * carried - cap, _ZERO)), f32(1.0e-6))
        receptiveness[i] = left if receptiveness[i] > _ZERO else _ZERO


@kernel
def opt_out(counts, receptiveness, load, contacts, segment, key, step, scale, cap, hazard, start, stop):
    """Who is written to beyond the cap may opt out for good."""
    for i in range(start, stop):
        if contacts[i] == 0 or receptiveness[i] == _ZERO:
            continue
        above = scale * (load[i] + f32(contacts[i])) - cap
        if above > f32(1.0e-3) and uniform(key, i, step, 0) < _ONE - exp32(-hazard * above):
            receptiveness[i] = _ZERO
            counts[segment[i], 0] += 1
