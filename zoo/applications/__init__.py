"""Applications of trained models: walks through codes, anomalies, compression, completion of images."""
