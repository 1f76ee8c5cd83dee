"""The tools that Parley brings."""

from tools import leave_message, search_documents

BUILT_IN = {module.NAME: module.TITLE for module in (search_documents, leave_message)}
"""Their names, and what they are called where the owner says nothing."""
