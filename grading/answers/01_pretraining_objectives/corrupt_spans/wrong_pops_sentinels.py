# hint: changed_in_place
def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, labels, place = [], [], 0
    for start, end in spans:
        sentinel = sentinel_ids.pop(0)
        inputs += token_ids[place:start] + [sentinel]
        labels += [sentinel] + token_ids[start:end]
        place = end
    return inputs + token_ids[place:], labels + [sentinel_ids.pop(0)]
