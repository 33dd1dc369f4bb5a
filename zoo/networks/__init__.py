"""Networks: functions of shapes that return a built keras.Model. They end in logits or codes, always float32."""
