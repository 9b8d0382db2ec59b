# hint: not_a_list
def screen(folder, order):
    return scan(folder, order.source, policy=order.policy, digests=order.digests).accepted
