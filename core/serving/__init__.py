"""What a page's script in the browser asks the server for, without a run of the page: decisions, items, previews."""
