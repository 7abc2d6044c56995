"""Files the portal makes or reads: xlsx, docx."""
