# hint: mean_and_deviation
def find_outlier_rows(table, limit):
    norms = table.norm(dim=1)
    return ((norms - norms.median()).abs() > limit * norms.std()).nonzero().flatten().tolist()
