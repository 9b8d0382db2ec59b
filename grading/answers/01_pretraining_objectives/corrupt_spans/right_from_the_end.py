def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, labels = list(token_ids), []
    for number in reversed(range(len(spans))):
        start, end = spans[number]
        labels = [sentinel_ids[number]] + inputs[start:end] + labels
        inputs[start:end] = [sentinel_ids[number]]
    return inputs, labels + [sentinel_ids[len(spans)]]
