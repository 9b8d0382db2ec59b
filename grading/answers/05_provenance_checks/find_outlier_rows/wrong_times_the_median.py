# hint: times_the_median
def find_outlier_rows(table, limit):
    norms = table.norm(dim=1)
    return (norms > limit * norms.median()).nonzero().flatten().tolist()
