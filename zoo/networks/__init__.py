"""Networks: functions of shapes that return a built keras.Model, with float32 outputs in any precision."""
