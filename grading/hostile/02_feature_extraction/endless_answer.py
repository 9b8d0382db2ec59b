# trick: the answer never returns
# reported: timeout
# place: exercise-pool
def pool(outputs, attention_mask, how="mean"):
    while True:
        pass
