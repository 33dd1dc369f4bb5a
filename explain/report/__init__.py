"""An explanation as JSON, picture or page."""
