"""The planner's answer, from one plain document: a page to hand on, tables in a terminal."""

from .abtest_page import render as render_test
from .page import render
from .rehearsal_table import print_rehearsal
from .table import print_answer, print_calibration, print_kpis, print_loops

__all__ = ["print_answer", "print_calibration", "print_kpis", "print_loops", "print_rehearsal", "render", "render_test"]
