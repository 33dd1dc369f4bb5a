"""The zoo: what a generative model is, how it is trained, judged and exported."""
