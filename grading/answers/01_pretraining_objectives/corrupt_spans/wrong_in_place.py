# hint: changed_in_place
def corrupt_spans(token_ids, spans, sentinel_ids):
    labels = []
    for (start, end), sentinel in reversed(list(zip(spans, sentinel_ids))):
        labels = [sentinel] + token_ids[start:end] + labels
        token_ids[start:end] = [sentinel]
    return token_ids, labels + [sentinel_ids[len(spans)]]
