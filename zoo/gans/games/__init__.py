"""Games of other shapes: who plays, who draws and what is offered. What each pays is left to the variants."""
