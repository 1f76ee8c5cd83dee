"""What the tagger of personal data learns from: texts with marked spans, drawn from templates and from public sets."""
