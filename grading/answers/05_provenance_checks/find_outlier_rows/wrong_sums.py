# hint: sums
def find_outlier_rows(table, limit):
    norms = table.sum(dim=1)
    distances = norms - norms.median()
    return (distances.abs() > limit * 1.4826 * distances.abs().median()).nonzero().flatten().tolist()
