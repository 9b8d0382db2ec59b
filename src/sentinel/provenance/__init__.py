"""Where a model comes from: digests, signatures, download records, claims, a policy of trust."""

from sentinel.provenance.advisories import check_advisories, read_advisories
from sentinel.provenance.checker import ModelProvenanceChecker, ProvenanceResult
from sentinel.provenance.policy import PolicyError, TrustPolicy, read_policy
from sentinel.provenance.signing import make_key, sign_folder

__all__ = [
    "ModelProvenanceChecker",
    "PolicyError",
    "ProvenanceResult",
    "TrustPolicy",
    "check_advisories",
    "make_key",
    "read_advisories",
    "read_policy",
    "sign_folder",
]
