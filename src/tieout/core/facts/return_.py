"""Returns, from authorisation to restocking."""

from tieout.core.facts import FactType
from tieout.core.values import Role

ReturnAuthorised = FactType("ReturnAuthorised", Role.ERP, "return", "a return was authorised")
ReturnReceived = FactType("ReturnReceived", Role.WMS, "return receipt", "returned goods arrived")
Restocked = FactType("Restocked", Role.WMS, "return receipt", "returned goods went back to stock or were disposed of")
