"""Networks: functions of shapes that return a built keras.Model, whose output is float32 in any precision."""
