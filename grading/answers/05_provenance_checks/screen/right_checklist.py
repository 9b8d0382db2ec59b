from sentinel import fill_checklist


def screen(folder, order):
    filled = fill_checklist(
        folder,
        order.source,
        policy=order.policy,
        digests=order.digests,
        texts=order.texts,
        phrases=order.phrases,
    )
    return filled.failed
