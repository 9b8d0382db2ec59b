# hint: not_a_tensor
def causal_mask(length):
    return [[column <= row for column in range(length)] for row in range(length)]
