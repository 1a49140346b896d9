"""Agreements as data: loading and checking them, compiling them to lines, zones and clauses."""

from pipeline.agreement.clauses import Clause
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.load import AgreementError, load_agreement, shipped_agreements

__all__ = ["Agreement", "AgreementError", "Clause", "load_agreement", "shipped_agreements"]
