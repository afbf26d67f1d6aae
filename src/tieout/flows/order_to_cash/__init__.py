"""Order to cash: from the channel's order to the cash applied in the ERP."""
