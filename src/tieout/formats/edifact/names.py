"""What messages are called, for people; a message is read or refused by its type alone."""

MESSAGES = {
    "APERAK": "application acknowledgment",
    "CONTRL": "syntax and service report",
    "DELFOR": "delivery schedule",
    "DESADV": "despatch advice",
    "IFCSUM": "forwarding and consolidation summary",
    "IFTMIN": "transport instruction",
    "IFTSTA": "transport status",
    "INVOIC": "invoice",
    "INVRPT": "inventory report",
    "ORDCHG": "purchase order change",
    "ORDERS": "purchase order",
    "ORDRSP": "purchase order response",
    "PRICAT": "price and sales catalogue",
    "QUOTES": "quote",
    "RECADV": "receiving advice",
    "REMADV": "remittance advice",
    "SLSRPT": "sales data report",
}
